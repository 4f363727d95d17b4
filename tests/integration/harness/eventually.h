#pragma once

#include <chrono>
#include <functional>

namespace berth::harness {

/// Polls until `condition` holds; false if it still does not after `patience`.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds patience = std::chrono::seconds(90));

}  // namespace berth::harness
