import { expect, it } from "vitest";
import { portWrite, rowsOf } from "./portable-writes.ts";

it.each([
  ["insert into t (a) values (?) returning id", "insert into t (a) values (?)", "inserted"],
  ["delete from t where id = ? returning id", "delete from t where id = ?", "counted"],
  ["update t set a = ?\n  where b = ?\n  returning `id`", "update t set a = ?\n  where b = ?", "counted"],
  [
    "insert into t (id, class) values (?, ?) on conflict (id, class) do nothing returning id",
    "insert ignore into t (id, class) values (?, ?)",
    "inserted",
  ],
  [
    "insert into t (id, a) values (?, ?)\n on conflict (id) do update set a = excluded.a, b = null",
    "insert into t (id, a) values (?, ?) on duplicate key update a = values(a), b = null",
    null,
  ],
  ["delete from t where a = 'returning id now'", "delete from t where a = 'returning id now'", null],
])("puts %j as MySQL wants it", (text, sql, rows) => {
  expect(portWrite(text)).toEqual({ sql, rows });
});

it("leaves what only reads as it is", () => {
  expect(portWrite("select id from t where a = ? for update")).toBeNull();
});

it("refuses to make up what the server does not tell", () => {
  expect(() => portWrite("delete from t where id = 1 returning id, data")).toThrow(/cannot return data/);
});

it("makes as many rows as the server counted, with the id that it gave", () => {
  expect(rowsOf("counted", { affectedRows: 2, insertId: 0 })).toEqual([{}, {}]);
  expect(rowsOf("inserted", { affectedRows: 1, insertId: 42 })).toEqual([{ id: 42 }]);
  expect(rowsOf("inserted", { affectedRows: 0, insertId: 0 })).toEqual([]);
});
