//! Log lines as go-plugin hosts read them.
