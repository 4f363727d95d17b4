#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace berth::kube {

/// A moment of wall-clock time with the precision Kubernetes stores (MicroTime).
using Time = std::chrono::sys_time<std::chrono::microseconds>;

/// Reads RFC 3339 ("2026-01-02T03:04:05Z", with or without a fraction, any offset). Digits beyond
/// microseconds are cut off. INVALID_ARGUMENT for anything else.
absl::StatusOr<Time> ParseTime(std::string_view text);

/// metav1.Time: "2026-01-02T03:04:05Z", cut to the second.
std::string FormatTime(Time time);

/// metav1.MicroTime: "2026-01-02T03:04:05.000006Z", as Lease renewTime wants it.
std::string FormatMicroTime(Time time);

/// Reads an HTTP Date header ("Fri, 02 Jan 2026 03:04:05 GMT"). INVALID_ARGUMENT otherwise.
absl::StatusOr<Time> ParseHttpDate(std::string_view text);

}  // namespace berth::kube
