"""The few pages a person sees: the deal board, a deal, and the moves they make there."""
