//go:build !leakhooks

package leakhooks

import "context"

// Load does nothing in this build.
func Load(string) {}

// Skips is false in this build.
func Skips(string) bool { return false }

// Spare is never called in this build.
func Spare(context.Context) error { return nil }
