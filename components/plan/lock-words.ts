/** What kind of lock it is, by the name of its class. */
export const isExecutionLock = (name: string): boolean => name.endsWith("::ExecutionLock");
