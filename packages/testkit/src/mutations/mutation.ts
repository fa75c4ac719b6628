/** One planted bug: an edit of one source file, realistic enough that a reviewer might miss it. */
export interface Mutation {
  /** In words joined by hyphens. */
  readonly name: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Text that is in the file exactly once. */
  readonly pattern: string;
  readonly replacement: string;
  /** The bug, in one line. */
  readonly what: string;
}

/** The source with the bug in it. Throws unless the pattern is there exactly once: a mutation that does nothing would prove nothing. */
export function mutate({ name, file, pattern, replacement }: Mutation, source: string): string {
  const parts = source.split(pattern);
  if (parts.length !== 2)
    throw new Error(
      `mutation ${name}: its pattern is ${parts.length - 1} times in ${file}, it has to be there once: ${JSON.stringify(pattern)}`,
    );
  return parts.join(replacement);
}
