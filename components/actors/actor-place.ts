/** One key of one source. */
export interface ActorPlaceOf {
  readonly source: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
}

/** The actor that an address of the register names; `null` = it names none, or not whole. */
export function actorIn(search: Pick<URLSearchParams, "get">): ActorPlaceOf | null {
  const [source, namespace, module, name] = [
    search.get("source"),
    search.get("ns"),
    search.get("module"),
    search.get("name"),
  ];
  if (source === null || namespace === null || name === null || module === null || !/^-?\d{1,10}$/.test(module))
    return null;
  return { source, namespace, moduleId: Number(module), name };
}
