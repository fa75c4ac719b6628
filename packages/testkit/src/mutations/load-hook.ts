import { mutationNamed } from "./catalogue.ts";
import { registerMutation } from "./register.ts";

/*
 * Plants the bug that the environment names, before the program is loaded:
 *   MUTATION=vote-not-persisted node --import ./packages/testkit/src/mutations/load-hook.ts PROGRAM
 */

const name = process.env["MUTATION"];
if (name === undefined || name === "") throw new Error("load-hook.ts: set MUTATION to the name of a mutation");
registerMutation(mutationNamed(name));
