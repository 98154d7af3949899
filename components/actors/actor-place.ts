/** One key of one source. */
export interface ActorPlaceOf {
  readonly source: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
}
