export { Node, type NodeOptions } from "./node.ts";
export { runProgram, type WrapPorts } from "./program.ts";
