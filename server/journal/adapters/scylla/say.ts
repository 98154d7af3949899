import type { Statement } from "./cql.ts";

/** A statement with its values. Texts are fixed, so that each is prepared once. */
export const say = (query: string, ...params: readonly unknown[]): Statement => ({ query, params });

/** As the driver takes a bigint. */
export const big = (value: number): bigint => BigInt(value);
