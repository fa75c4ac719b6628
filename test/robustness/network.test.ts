import { expect, it } from "vitest";
import { Cluster } from "./support/cluster.ts";
import { cutLeadersOff, PARTITIONS } from "./support/partitions.ts";
import { Proxies } from "./support/proxies.ts";

it("replaces a leader that is isolated, that nobody hears, or that hears nobody", async () => {
  const network = new Proxies();
  const cluster = await Cluster.start({ program: "failpoints", network });
  try {
    const took = await cutLeadersOff(cluster, network);
    console.log(`others led after, ms: ${JSON.stringify(took)}`);
    expect(Object.keys(took)).toEqual([...PARTITIONS]);
  } finally {
    await cluster.end();
  }
});
