#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/kube/label_selector.h"

namespace berth::port {

/// Labels of a claim, by key, without those that Berth keeps for itself.
using Labels = std::map<std::string, std::string>;

/// OK if callers may give a claim this label: as Kubernetes has them, and not of berth.dev.
/// INVALID_ARGUMENT, INVALID_FIELD otherwise.
absl::Status CheckLabel(std::string_view key, std::string_view value);

/// Those of an object's labels that are not Berth's own.
Labels WithoutOwnLabels(Labels labels);

/// Whether labels, of whatever object, fit.
bool MatchesLabels(const kube::LabelSelector& selector,
                   const std::map<std::string, std::string>& labels);

/// Whether `labels` has all of `wanted`, with the same values.
bool HasLabels(const Labels& labels, const Labels& wanted);

}  // namespace berth::port
