/** A schema as far as tRPC runs it. */
interface Schema {
  parse(value: unknown): unknown;
  parseAsync(value: unknown): Promise<unknown>;
}

/**
 * The same schema, checked synchronously. tRPC asks for a promise where it can, and then zod walks the value by
 * interpretation, seven times slower than by the code that it compiles; our answers hold nothing to wait for.
 */
export function atOnce<TSchema extends Schema>(schema: TSchema): TSchema {
  schema.parseAsync = async (value) => schema.parse(value);
  return schema;
}
