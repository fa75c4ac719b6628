import { randomFillSync } from "node:crypto";
import type { Random } from "../ports/index.ts";

/** Bytes drawn from the system's generator at a time: one call serves 1024 numbers. */
const POOL_BYTES = 4096;

class SystemRandom implements Random {
  readonly #pool = new DataView(new ArrayBuffer(POOL_BYTES));
  #used = POOL_BYTES;

  uint32(): number {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const value = this.#pool.getUint32(this.#used, true);
    this.#used += 4;
    return value;
  }

  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }
}

/** The operating system's cryptographic generator. */
export const systemRandom: Random = new SystemRandom();
