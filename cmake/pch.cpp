// Carries the precompiled header cmake/pch.h, which the other libraries reuse.
