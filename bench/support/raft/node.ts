/** One process of a Raft bench: a host with its groups, started and asked by `nodes.ts`. */
import { RaftHost } from "./host.ts";
import type { NodeStart } from "./settings.ts";

const host = await RaftHost.open(JSON.parse(process.argv[2] ?? "") as NodeStart);
process.on("message", () => process.send?.(host.report()));
process.on("disconnect", () => process.exit(0)); // the bench is gone
process.send?.("ready");
