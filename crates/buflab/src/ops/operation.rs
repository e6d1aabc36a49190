//! The operations by name.

/// In the order in which a round does them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Nothing,
    Get,
    ResizeWithin,
    FreeSmall,
    AllocAgain,
    FreeMerge,
    AllocCut,
}

impl Operation {
    pub(crate) const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Get,
        Self::ResizeWithin,
        Self::FreeSmall,
        Self::AllocAgain,
        Self::FreeMerge,
        Self::AllocCut,
    ];

    /// The name in the output; the loop's function is `measure_` and this.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Get => "get",
            Self::ResizeWithin => "resize_within",
            Self::FreeSmall => "free_small",
            Self::AllocAgain => "alloc_again",
            Self::FreeMerge => "free_merge",
            Self::AllocCut => "alloc_cut",
        }
    }
}
