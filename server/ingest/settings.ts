/** The settings of the gateway, for services and the composition; adapters take them from the domain. */
export type * from "./domain/settings.ts";
