/** What passes between the main loop and the thread that owns a SQLite file. */
export interface SqliteWorkerData {
  readonly path: string;
  readonly readOnly: boolean;
  /** How long a locked file is waited for, inside SQLite. */
  readonly busyTimeoutMs: number;
}

export type SqliteParameter = null | number | bigint | string | Uint8Array;

/** The id of the thread's first reply, which answers nothing: it says that the thread has started. */
export const STARTED_ID = 0;

export interface SqliteRequest {
  /** 1 and up. */
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly SqliteParameter[];
}

export type SqliteReply =
  | { readonly id: number; readonly ok: true; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly message: string;
      /** SQLite's primary result code, `null` when the failure was not SQLite's. */
      readonly resultCode: number | null;
    };
