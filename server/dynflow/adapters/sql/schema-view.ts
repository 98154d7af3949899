/** Puts the substitutes of `older-schemas.ts` in place, in every statement that is made through it. */
import {
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RawNode,
  type RootOperationNode,
  type UnknownRow,
} from "kysely";
import type { Substitutes } from "./older-schemas.ts";

/** A table that is read, and its alias. Only fragments that we wrote come here: what comes from outside is a parameter. */
const READ_TABLE = /(?<!delete\s+)\b(from|join)(\s+)(dynflow_\w+)\b(\s+(?:as\s+)?([a-z_]\w*))?/gi;

/** What follows a table that has no alias. */
const KEYWORDS: ReadonlySet<string> = new Set(
  `where order group limit join left right inner outer cross natural full on using union except intersect having offset
   for fetch window and or returning force use ignore straight_join indexed not`.split(/\s+/),
);

/** Every table that is read by this fragment of a statement, replaced where it lacks something. */
export const substituted = (fragment: string, substitutes: Substitutes): string =>
  fragment.replace(
    READ_TABLE,
    (whole: string, verb: string, space: string, table: string, rest: string | undefined, word: string | undefined) => {
      const instead = substitutes.get(table.toLowerCase());
      if (instead === undefined) return whole;
      const aliased = word !== undefined && !KEYWORDS.has(word.toLowerCase());
      return `${verb}${space}${instead} ${aliased ? word : `${table}${rest ?? ""}`}`;
    },
  );

class Substitution extends OperationNodeTransformer {
  substitutes: Substitutes = new Map();

  protected override transformRaw(node: RawNode): RawNode {
    const raw = super.transformRaw(node);
    return { ...raw, sqlFragments: raw.sqlFragments.map((fragment) => substituted(fragment, this.substitutes)) };
  }
}

/** A plugin whose substitutes are set once the schema is known, and again when it was looked at again. */
export class SchemaView implements KyselyPlugin {
  readonly #substitution = new Substitution();

  use(substitutes: Substitutes): void {
    this.#substitution.substitutes = substitutes;
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    return this.#substitution.substitutes.size === 0 ? node : this.#substitution.transformNode(node, queryId);
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}
