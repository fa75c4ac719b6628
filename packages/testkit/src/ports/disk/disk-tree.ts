import { diskError } from "./disk-error.ts";
import { type Entry, NameJournal, type NamePart, SimDirectory } from "./sim-directory.ts";
import { SimFile } from "./sim-file.ts";

interface Place {
  readonly directory: SimDirectory;
  readonly name: string;
  readonly entry: Entry | undefined;
}

/** Directories and names. Every method is one system call: it happens as a whole, or throws what the real one would. */
export class DiskTree {
  readonly root = new SimDirectory();
  readonly journal = new NameJournal();
  #files = 0;

  /** What has that name; undefined when nothing has. */
  find(path: string): Entry | undefined {
    let at: Entry | undefined = this.root;
    for (const name of segments(path)) at = at instanceof SimDirectory ? at.names.get(name) : undefined;
    return at;
  }

  directory(operation: string, path: string): SimDirectory {
    const found = this.find(path);
    if (found === undefined) throw diskError(operation, path, "ENOENT");
    if (found instanceof SimFile) throw diskError(operation, path, "ENOTDIR");
    return found;
  }

  file(operation: string, path: string): SimFile {
    const found = this.find(path);
    if (found === undefined) throw diskError(operation, path, "ENOENT");
    if (found instanceof SimDirectory) throw diskError(operation, path, "EISDIR");
    return found;
  }

  #place(operation: string, path: string): Place {
    const names = segments(path);
    const name = names.pop();
    if (name === undefined) throw diskError(operation, path, "EBUSY");
    const directory = this.directory(operation, `/${names.join("/")}`);
    return { directory, name, entry: directory.names.get(name) };
  }

  create(operation: string, path: string): SimFile {
    const { directory, name, entry } = this.#place(operation, path);
    if (entry !== undefined) throw diskError(operation, path, "EEXIST");
    const file = new SimFile(++this.#files);
    this.journal.change({ directory, name, entry: file });
    return file;
  }

  rename(from: string, to: string): void {
    const source = this.#place("rename", from);
    const target = this.#place("rename", to);
    if (source.entry === undefined) throw diskError("rename", from, "ENOENT");
    if (source.entry === target.entry) return;
    if (target.entry instanceof SimDirectory) {
      if (source.entry instanceof SimFile) throw diskError("rename", to, "EISDIR");
      if (target.entry.names.size > 0) throw diskError("rename", to, "ENOTEMPTY");
    } else if (target.entry !== undefined && source.entry instanceof SimDirectory) {
      throw diskError("rename", to, "ENOTDIR");
    }
    this.journal.change(
      { directory: target.directory, name: target.name, entry: source.entry },
      { directory: source.directory, name: source.name, entry: undefined },
    );
  }

  link(existing: string, added: string): void {
    const file = this.file("link", existing);
    const { directory, name, entry } = this.#place("link", added);
    if (entry !== undefined) throw diskError("link", `${existing} to ${added}`, "EEXIST");
    this.journal.change({ directory, name, entry: file });
  }

  /** Returns the file that lost a name; undefined when it was missing. */
  unlink(path: string): SimFile | undefined {
    const { directory, name, entry } = this.#place("unlink", path);
    if (entry instanceof SimDirectory) throw diskError("unlink", path, "EISDIR");
    if (entry !== undefined) this.journal.change({ directory, name, entry: undefined });
    return entry;
  }

  mkdir(path: string): void {
    let at = this.root;
    const names = segments(path);
    for (const [i, name] of names.entries()) {
      const found = at.names.get(name);
      if (found instanceof SimFile) throw diskError("mkdir", path, i === names.length - 1 ? "EEXIST" : "ENOTDIR");
      const next = found ?? new SimDirectory();
      if (found === undefined) this.journal.change({ directory: at, name, entry: next });
      at = next;
    }
  }

  /** Returns all that was in the directory: each name goes in a change of its own, the innermost first. */
  removeDir(path: string): Entry[] {
    if (this.find(path) === undefined) return [];
    const { directory, name, entry } = this.#place("rm", path);
    const removed: Entry[] = [];
    const remove = (part: NamePart) => {
      if (part.entry instanceof SimDirectory) {
        for (const [inner, each] of [...part.entry.names]) remove({ directory: part.entry, name: inner, entry: each });
      }
      if (part.entry !== undefined) removed.push(part.entry);
      this.journal.change({ ...part, entry: undefined });
    };
    remove({ directory, name, entry });
    return removed;
  }

  /** All files and directories with their paths, in the order of their making. */
  *walk(from: SimDirectory = this.root, path = ""): Generator<readonly [path: string, entry: Entry]> {
    for (const [name, entry] of from.names) {
      yield [`${path}/${name}`, entry];
      if (entry instanceof SimDirectory) yield* this.walk(entry, `${path}/${name}`);
    }
  }
}

function segments(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
