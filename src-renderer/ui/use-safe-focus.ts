import { type RefObject, useEffect, useRef } from "react";

/** A question opens with the focus on its safe answer, and gives the focus back to where it was. */
export function useSafeFocus<E extends HTMLElement>(): RefObject<E | null> {
  const safe = useRef<E>(null);
  useEffect(() => {
    const before = document.activeElement;
    safe.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return safe;
}
