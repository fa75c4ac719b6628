import type { Clock } from "@ringtide/common";
import { assert } from "@ringtide/common";
import { parseAddress } from "./addresses.ts";
import { type LinkSettings, NodeLink } from "./node-link.ts";

const DOWN_MS = 1000;
/** More addresses than any cluster has nodes: what a confused node may tell us stays bounded. */
const MAX_NODES = 1024;

/** The nodes that the session knows. One is home: it gets what has no better place, until it fails. */
export class NodePool {
  readonly #settings: LinkSettings;
  readonly #clock: Clock;
  readonly #links = new Map<string, NodeLink>();
  #home = 0;

  constructor(settings: LinkSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Makes the address known, and returns its link; undefined when there are too many. */
  add(address: string): NodeLink | undefined {
    const known = this.#links.get(address);
    if (known !== undefined || this.#links.size >= MAX_NODES) return known;
    const link = new NodeLink(parseAddress(address), this.#settings);
    this.#links.set(link.address, link);
    return link;
  }

  get links(): readonly NodeLink[] {
    return [...this.#links.values()];
  }

  /**
   * The node at `preferred`, else home, else the next one; nodes that are down are passed over, and `failedLast` too. When that
   * leaves none: the one that may be tried again soonest.
   */
  pick(preferred?: string, failedLast?: NodeLink): NodeLink {
    const now = this.#clock.monotonicMs();
    const wanted = preferred === undefined ? undefined : this.add(preferred);
    if (wanted !== undefined && wanted !== failedLast && wanted.downUntilMs <= now) return wanted;
    const links = this.links;
    for (let i = 0; i < links.length; i++) {
      const at = (this.#home + i) % links.length;
      const link = links[at];
      if (link === undefined || link.downUntilMs > now) continue;
      if (i > 0 && this.#isDown(links[this.#home], now)) this.#home = at;
      if (link !== failedLast) return link;
    }
    const soonest = links.toSorted((a, b) => a.downUntilMs - b.downUntilMs)[0];
    assert(soonest !== undefined, "a session knows at least one node");
    return soonest;
  }

  #isDown(link: NodeLink | undefined, now: number): boolean {
    return link === undefined || link.downUntilMs > now;
  }

  /** Leaves the node alone for a moment. */
  down(link: NodeLink): void {
    link.downUntilMs = this.#clock.monotonicMs() + DOWN_MS;
  }
}
