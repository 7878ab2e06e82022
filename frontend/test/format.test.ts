import { expect, test } from "vitest";
import { nearest, unpacked } from "../src/data/arrays";
import { compact, grouped, percent, valued } from "../src/words/format";
import { within } from "../src/chart/range";

test("steps are grouped in threes", () => {
  expect([0, 999, 1000, 128000, -1234567].map(grouped)).toEqual([
    "0",
    "999",
    "1\u202f000",
    "128\u202f000",
    "-1\u202f234\u202f567",
  ]);
});

test("ticks are short", () => {
  expect([0, 950, 12000, 1.5e6, 2e9, 0.25].map(compact)).toEqual(["0", "950", "12k", "1.5M", "2G", "0.25"]);
});

test("values end at the digit that noise reaches", () => {
  expect(valued(3.14159265, 0.02)).toBe("3.142");
  expect(valued(3.14159265)).toBe("3.142");
  expect(valued(1234.5678, 10)).toBe("1235");
  expect(valued(4.1e-8)).toBe("4.10e-8");
});

test("what is no number is said", () => {
  expect(["nan", "inf", "-inf", null].map((one) => valued(one))).toEqual(["NaN", "inf", "-inf", "–"]);
});

test("shares", () => {
  expect([0, 0.034, 0.5, 1].map(percent)).toEqual(["0\u00a0%", "3.4\u00a0%", "50\u00a0%", "100\u00a0%"]);
});

test("arrays come back as they were sent", () => {
  const sent = new Float64Array([1.5, NaN, -0, 1e-320]);
  const text = btoa(String.fromCharCode(...new Uint8Array(sent.buffer)));
  expect(Array.from(unpacked({ f64: text }))).toEqual(Array.from(sent));
  expect(unpacked({ f64: "" }).length).toBe(0);
});

test("the nearest of ascending values", () => {
  expect(nearest([], 1)).toBe(-1);
  expect([-5, 0, 4, 6, 99].map((x) => nearest([0, 5, 10], x))).toEqual([0, 0, 1, 1, 2]);
});

test("a range stays in the run, and nearly all of it is all of it", () => {
  expect(within([-10, 50], [0, 100])).toEqual([0, 50]);
  expect(within([-10, 110], [0, 100])).toBeNull();
  expect(within([40, 40], [0, 100])?.[1]).toBeGreaterThan(40);
});
