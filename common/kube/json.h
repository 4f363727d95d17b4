#pragma once

#include <nlohmann/json.hpp>

namespace berth::kube {

/// A Kubernetes object as it came from the API server. Writers change what they read and never
/// re-encode a struct, so fields this version does not know survive.
using Json = nlohmann::json;

}  // namespace berth::kube
