import { connect, type Session } from "@ringtide/client";

/** Values below the prefixes of a FROM clause. */
export async function countPoints(session: Session, from: string, consistency?: "weak"): Promise<number> {
  const result = await session.execute(
    `SELECT count(*) FROM ${from}`,
    consistency === undefined ? {} : { consistency },
  );
  let found = 0;
  for await (const row of result) for (const value of row.values) found += Number(value);
  return found;
}

/** Every acknowledged point must be there; a running cluster (`mayHaveMore`) may hold more, of earlier runs. */
export async function checkCount(
  addresses: readonly string[],
  from: string,
  acknowledged: number,
  mayHaveMore = false,
): Promise<void> {
  const session = await connect({ addresses });
  const found = await countPoints(session, from);
  await session.close();
  if (mayHaveMore ? found < acknowledged : found !== acknowledged)
    throw new Error(`${acknowledged} points were acknowledged, ${found} are there`);
}
