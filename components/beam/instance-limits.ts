/** As `server/contract/wire/dna-beam.ts` has it, without the schemas. */
export const INSTANCES_MAX = 5_000;
