import type { Row } from "./cells.ts";
import type { Database, Together } from "./differences.ts";

/** On one connection, each when the one before was answered: for drivers that cannot send statements together. */
export const oneByOne =
  (db: Database): Together =>
  (statements) =>
    db.connection().execute(async (connection) => {
      const answers: (readonly Row[])[] = [];
      for (const statement of statements) answers.push((await connection.executeQuery<Row>(statement)).rows);
      return answers;
    });
