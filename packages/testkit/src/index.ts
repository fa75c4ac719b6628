export { SeededRandom } from "./random/seeded-random.ts";
