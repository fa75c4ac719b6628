import {
  type Applied,
  BEAT_SERVICE,
  DATA_SERVICE,
  META_SERVICE,
  type NodeAddresses,
  type Proposal,
  serveForward,
  type Transport,
} from "@ringtide/cluster";
import type { Caller, Net, ServiceHandlers } from "@ringtide/common";

export const MAX_MESSAGE_BYTES = 20 * 1024 * 1024;

/** Opens the four internal ports of a node, as far as Raft uses them. */
export async function openDoors(
  net: Net,
  { host, metaPort, dataPort }: NodeAddresses,
  maxConnections: number,
  transport: Transport,
  propose: (proposal: Proposal) => Promise<Applied>,
): Promise<void> {
  const listen = (port: number, service: string, duplex: ServiceHandlers["duplex"]) =>
    net.listen(
      { host, port },
      { service, handlers: { duplex: duplex ?? {} }, maxConnections, maxMessageBytes: MAX_MESSAGE_BYTES },
    );
  const raft = (meta: boolean): ServiceHandlers["duplex"] => ({
    Raft: (stream, caller) => transport.acceptRaft(stream, nodeOf(caller), caller, meta),
    Forward: (stream) => serveForward(stream, propose),
  });
  const beats = (meta: boolean): ServiceHandlers["duplex"] => ({
    Beats: (stream, caller) => transport.acceptBeats(stream, nodeOf(caller), caller, meta),
  });
  await listen(metaPort, META_SERVICE, raft(true));
  await listen(metaPort + 1, BEAT_SERVICE, beats(true));
  await listen(dataPort, DATA_SERVICE, raft(false));
  await listen(dataPort + 1, BEAT_SERVICE, beats(false));
}

function nodeOf(caller: Caller): number {
  return Number(caller.metadata["ringtide-node"]);
}
