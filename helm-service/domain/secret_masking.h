#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "helm-service/domain/manifest.h"

namespace berth::helm {

/// What stands in place of a value of a Secret.
inline constexpr std::string_view kMasked = "[masked]";
/// The same where two sides are compared and their values differ.
inline constexpr std::string_view kMaskedBefore = "[masked, before]";
inline constexpr std::string_view kMaskedAfter = "[masked, after]";

/// Replaces the values under `data` and `stringData` if the object is a Secret, or of each Secret
/// in it if it is a List, and the copy of them that kubectl leaves in an annotation; keys stay.
/// Whether there was a Secret.
bool MaskSecrets(nlohmann::json& object);

/// The same on two states of one object: equal values get the same mark, others different ones, so
/// that a comparison of the two shows what changed and not how.
void MaskSecrets(nlohmann::json& before, nlohmann::json& after);

/// One document of a manifest with the values of Secrets in it replaced; as it was if there is
/// none. If it may hold a Secret and cannot be read, a comment that says so.
std::string MaskDocument(const std::string& text, const ManifestLimits& limits = {});

/// A manifest with the values of its Secrets replaced by MaskDocument, and everything else as it
/// was.
/// Errors: RESOURCE_EXHAUSTED beyond the limits.
absl::StatusOr<std::string> MaskManifest(std::string_view manifest,
                                         const ManifestLimits& limits = {});

}  // namespace berth::helm
