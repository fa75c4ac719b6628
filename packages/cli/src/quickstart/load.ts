import { connect, tabletFromArrays } from "@ringtide/client";
import cliProgress from "cli-progress";
import type { Station } from "./dataset.ts";

const ROWS_PER_TABLET = 500;
const IN_FLIGHT = 4;

/** Loads the stations through the client library, as tablets, with a progress bar. Returns how many rows and points were acknowledged. */
export async function loadStations(
  addresses: readonly string[],
  stations: readonly Station[],
): Promise<{ rows: number; points: number }> {
  const total = stations.reduce((sum, station) => sum + station.times.length, 0);
  // Without a terminal the bar shows nothing: the caller says what was loaded.
  const bar = new cliProgress.SingleBar(
    { format: "loading [{bar}] {value}/{total} rows", barsize: 40, stream: process.stdout },
    cliProgress.Presets.legacy,
  );
  const session = await connect({ addresses });
  bar.start(total, 0);
  let points = 0;
  const pending = new Set<Promise<void>>();
  const send = async (station: Station, from: number, to: number) => {
    const columns = station.columns.map((column) => ({ ...column, values: column.values.slice(from, to) }));
    await session.insert(tabletFromArrays({ device: station.device, times: station.times.slice(from, to), columns }));
    points += (to - from) * columns.length;
    bar.increment(to - from);
  };
  try {
    for (const station of stations) {
      for (let from = 0; from < station.times.length; from += ROWS_PER_TABLET) {
        const sending = send(station, from, Math.min(from + ROWS_PER_TABLET, station.times.length));
        const settled = sending.finally(() => pending.delete(settled));
        pending.add(settled);
        if (pending.size >= IN_FLIGHT) await Promise.race(pending);
      }
    }
    await Promise.all(pending);
  } finally {
    bar.stop();
    await session.close();
  }
  return { rows: total, points };
}
