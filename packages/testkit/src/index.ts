export { CATALOGUE, type Failpoint, type Occasion } from "./failpoints/catalogue.ts";
export type { Orders, Report } from "./failpoints/control.ts";
export { SeededRandom } from "./random/seeded-random.ts";
