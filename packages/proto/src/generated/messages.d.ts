// Generated from proto/ by `npm run generate --workspace packages/proto`.
import type { GeneratedMessage } from "../codec.ts";

export declare const ringtide: { readonly v1: { readonly [name: string]: GeneratedMessage } };
