/** Icons that only selling needs, drawn like those of the shell. */
function drawn(path: string, mirrored: boolean) {
  return function Icon({ size = 24 }: { size?: number }) {
    return (
      <svg
        className={mirrored ? "icon icon--mirrored" : "icon"}
        viewBox="0 0 24 24"
        width={size}
        height={size}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.9"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        <path d={path} />
      </svg>
    );
  };
}

export const ListIcon = drawn("M4 7h.01M4 12h.01M4 17h.01M9 7h11M9 12h11M9 17h11", true);
export const QuantityIcon = drawn("M4 9h16M4 15h16M10 4L8 20M16 4l-2 16", false);
export const KeypadIcon = drawn(
  "M6 5h.01M12 5h.01M18 5h.01M6 12h.01M12 12h.01M18 12h.01M6 19h.01M12 19h.01M18 19h.01",
  false,
);
