import type { NodeId, RingtideError } from "@ringtide/common";

/** Which nodes were asked, and what each said last, for the error that ends it. */
export class Tried {
  readonly #answers = new Map<NodeId, { readonly code: string; times: number }>();

  add(node: NodeId, { code }: RingtideError): void {
    const known = this.#answers.get(node);
    if (known?.code === code) known.times++;
    else this.#answers.set(node, { code, times: 1 });
  }

  has(node: NodeId): boolean {
    return this.#answers.has(node);
  }

  toString(): string {
    if (this.#answers.size === 0) return "nobody was there to ask";
    return Array.from(this.#answers, ([node, { code, times }]) => `node ${node}: ${code} × ${times}`).join(", ");
  }
}
