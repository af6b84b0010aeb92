/** The mark: a calm octopus. The same drawing as public/icons/mark.svg, which the icons are made from. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg className="mark" viewBox="0 0 64 64" width={size} height={size} aria-hidden="true" focusable="false">
      <rect width="64" height="64" rx="15" className="mark__ground" />
      <g className="mark__body">
        <path d="M32 10c-9.4 0-16 6.7-16 15.6 0 4.7 1.7 8.2 3.7 11.4h24.6c2-3.2 3.7-6.7 3.7-11.4C48 16.7 41.4 10 32 10z" />
        <path
          fill="none"
          strokeWidth="4.6"
          strokeLinecap="round"
          d="M22 36c-1 6-5 9-10.5 8.5M27 37c-.5 8-3.5 13.5-10 15.5M37 37c.5 8 3.5 13.5 10 15.5M42 36c1 6 5 9 10.5 8.5M32 37v16"
        />
      </g>
      <circle cx="26" cy="25" r="2.8" className="mark__ground" />
      <circle cx="38" cy="25" r="2.8" className="mark__ground" />
    </svg>
  );
}
