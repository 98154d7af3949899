/** Which receivers an item goes to, by the routes of the configuration. */

export interface RouteRule {
  /** `*` = every type. */
  readonly types: readonly string[];
  /** Empty = every kind. */
  readonly kinds: readonly string[];
  readonly to: readonly string[];
}

export interface TypeRule {
  readonly type: string;
  /** Empty = any. */
  readonly kinds: readonly string[];
  readonly schema: string | null;
}

/** Changes of agents as a route names them; no agent sends these kinds. */
export const CHANGE_KINDS = ["active", "late", "inactive", "left"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

const ANY_TYPE = "*";

export type Destination =
  | { readonly kind: "to"; readonly receivers: readonly string[]; readonly schema: string | null }
  | { readonly kind: "unknown-type" }
  | { readonly kind: "unknown-kind" }
  | { readonly kind: "no-route" };

export interface Routing {
  destinationOf(type: string, kind: string): Destination;
  /** Receivers that are told of such a change, each once. */
  changeReceivers(kind: ChangeKind): readonly string[];
}

/** Ready to be asked for each item: what is found is remembered for the types and kinds that are configured. */
export function routingOf(types: readonly TypeRule[], routes: readonly RouteRule[]): Routing {
  const known = new Map(types.map((rule) => [rule.type, rule]));
  const remembered = new Map<string, Destination>();

  function find(type: string, kind: string): Destination {
    const rule = known.get(type);
    if (rule === undefined) return { kind: "unknown-type" };
    if (rule.kinds.length > 0 && !rule.kinds.includes(kind)) return { kind: "unknown-kind" };
    const receivers = receiversOf(routes, type, kind);
    return receivers.length === 0 ? { kind: "no-route" } : { kind: "to", receivers, schema: rule.schema };
  }

  return {
    destinationOf(type, kind) {
      const key = `${type}\n${kind}`;
      const found = remembered.get(key) ?? find(type, kind);
      if (known.get(type)?.kinds.includes(kind)) remembered.set(key, found);
      return found;
    },
    changeReceivers: (kind) => unique(routes.filter(({ kinds }) => kinds.includes(kind)).flatMap(({ to }) => to)),
  };
}

function receiversOf(routes: readonly RouteRule[], type: string, kind: string): readonly string[] {
  const fitting = routes.filter(
    (route) =>
      (route.types.includes(ANY_TYPE) || route.types.includes(type)) &&
      (route.kinds.length === 0 || route.kinds.includes(kind)),
  );
  return unique(fitting.flatMap(({ to }) => to));
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

export interface PipelineRules {
  readonly types: readonly TypeRule[];
  readonly receivers: readonly { readonly id: string }[];
  readonly routes: readonly RouteRule[];
}

export interface RuleFault {
  /** Where, such as `routes.1.to.0`. */
  readonly path: string;
  readonly what: string;
}

/**
 * What is wrong with types, receivers and routes together, all of it. The same at start and when they are read again.
 */
export function ruleFaults(rules: PipelineRules, schemas: readonly string[]): readonly RuleFault[] {
  const { types, receivers, routes } = rules;
  const typeNames = new Set(types.map(({ type }) => type));
  const ids = new Set(receivers.map(({ id }) => id));
  const routed = new Set(routes.flatMap(({ to }) => to));
  const typeFaults = types.flatMap(({ type, schema, kinds }): RuleFault[] => [
    ...(schema !== null && !schemas.includes(schema)
      ? [{ path: `types.${type}.schema`, what: `there is no schema ${schema}; there are ${schemas.join(", ")}` }]
      : []),
    ...kinds
      .filter((kind) => isChangeKind(kind))
      .map((kind) => ({ path: `types.${type}.kinds`, what: `${kind} is a change of an agent, not a kind of data` })),
  ]);
  const routeFaults = routes.flatMap((route, index): RuleFault[] => [
    ...route.types
      .filter((type) => type !== ANY_TYPE && !typeNames.has(type))
      .map((type) => ({ path: `routes.${index}.types`, what: `there is no type ${type}` })),
    ...route.to
      .filter((id) => !ids.has(id))
      .map((id) => ({ path: `routes.${index}.to`, what: `there is no receiver ${id}` })),
    ...unknownKinds(route, types).map((kind) => ({
      path: `routes.${index}.kinds`,
      what: `none of its types has a kind ${kind}`,
    })),
  ]);
  const idle = receivers
    .filter(({ id }) => !routed.has(id))
    .map(({ id }) => ({ path: `receivers.${id}`, what: "no route leads to it" }));
  return [...typeFaults, ...routeFaults, ...idle];
}

const isChangeKind = (kind: string): boolean => CHANGE_KINDS.some((change) => change === kind);

function unknownKinds({ types: names, kinds }: RouteRule, types: readonly TypeRule[]): readonly string[] {
  const fitting = types.filter(({ type }) => names.includes(ANY_TYPE) || names.includes(type));
  if (fitting.some((rule) => rule.kinds.length === 0)) return [];
  return kinds.filter((kind) => !isChangeKind(kind) && !fitting.some((rule) => rule.kinds.includes(kind)));
}
