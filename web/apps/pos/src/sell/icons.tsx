/** Icons that only selling needs, and that the shell does not load. */
import { drawn } from "../ui/icons";

export const ListIcon = drawn(<path d="M4 7h.01M4 12h.01M4 17h.01M9 7h11M9 12h11M9 17h11" />, {
  mirrored: true,
});
export const QuantityIcon = drawn(<path d="M4 9h16M4 15h16M10 4L8 20M16 4l-2 16" />);
export const KeypadIcon = drawn(
  <path d="M6 5h.01M12 5h.01M18 5h.01M6 12h.01M12 12h.01M18 12h.01M6 19h.01M12 19h.01M18 19h.01" />,
);
