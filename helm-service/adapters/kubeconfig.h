#pragma once

#include <string>

#include "common/kube/config.h"

namespace berth::helm {

/// A kubeconfig with one context, for Helm, that reaches the same API server as the same identity.
/// A token file is named, not copied: projected tokens are rotated in place. Holds keys and tokens:
/// for a file that only this process' user may read.
std::string WriteKubeconfig(const kube::Config& config);

}  // namespace berth::helm
