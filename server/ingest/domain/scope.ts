/** Whether an agent's id is one of these: whole ids, or beginnings that end in `*`. */
export const mayBe = (agents: readonly string[], agentId: string): boolean =>
  agents.some((one) => (one.endsWith("*") ? agentId.startsWith(one.slice(0, -1)) : one === agentId));

/** Whether a type is one of these; empty = all are. */
export const maySend = (types: readonly string[], type: string): boolean => types.length === 0 || types.includes(type);
