/** Search as you type, for any screen that shows answers under a field. */
import { useCallback, useEffect, useMemo, useState } from "react";

import { asRefusal } from "../engine";
import { useRefusalWords } from "../i18n/refusals";
import { Latest } from "./latest";

export interface Answers<T> {
  /** What was asked; empty when it was refused. */
  text: string;
  found: T[];
  /** Words of a refusal instead of answers. */
  refusal: string | null;
}

export interface Search<T> {
  /** What stands in the field. */
  text: string;
  /** Null while nothing is searched, or the first answer is still on its way. */
  answers: Answers<T> | null;
  search: (text: string) => void;
}

/** `ask` must stay the same function from one rendering to the next. */
export function useSearch<T>(ask: (text: string) => Promise<T[]>): Search<T> {
  const refusalWords = useRefusalWords();
  const [text, setText] = useState("");
  const [answers, setAnswers] = useState<Answers<T> | null>(null);
  const latest = useMemo(
    () =>
      new Latest<string, T[]>(
        ask,
        (found, question) => {
          setAnswers({ text: question, found, refusal: null });
        },
        (error) => {
          setAnswers({ text: "", found: [], refusal: refusalWords(asRefusal(error)) });
        },
      ),
    [ask, refusalWords],
  );
  useEffect(
    () => () => {
      latest.forget();
    },
    [latest],
  );
  const search = useCallback(
    (next: string) => {
      // Asked first: the worker looks while the field is drawn.
      if (next.trim() === "") {
        latest.forget();
        setAnswers(null);
      } else {
        latest.put(next.trim());
      }
      setText(next);
    },
    [latest],
  );
  return { text, answers, search };
}
