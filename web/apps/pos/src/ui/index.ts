/** The primitives that every screen is made of. */
export { Button, IconButton, type ButtonProps, type IconButtonProps } from "./button";
export { Choice, type ChoiceProps } from "./choice";
export { Dialog, type DialogProps } from "./dialog";
export { Keypad, type KeypadProps } from "./keypad";
export { Notice, Spinner, type NoticeProps } from "./notice";
export { MoneyPad, NumberField, type NumberFieldProps } from "./number-field";
export { useShortcuts, type Shortcut } from "./shortcuts";
export { Table, type Column, type TableProps } from "./table";
export { TextField, type TextFieldProps } from "./text-field";
export { useToast, type Toast } from "./toast";
