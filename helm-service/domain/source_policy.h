#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace berth::helm {

/// Where charts may come from. Whoever fetches something for a chart (an index, an archive, a
/// registry's manifest or blob, and the target of every redirect on the way) asks here first.
///
/// What this defends against: a caller who makes the service fetch from hosts or paths that the
/// operator did not list, also by way of a redirect, of an index that points elsewhere, of dots or
/// percent signs in a path; and plain HTTP, unless the operator allows it. What it does not: names
/// are judged, not the addresses they resolve to, so whoever controls the DNS of a listed host
/// chooses where the connection goes; and without a list every host that the service can reach can
/// be asked for, those inside the cluster included. There a NetworkPolicy has to help.
///
/// Immutable, so thread safe.
class SourcePolicy {
 public:
  struct Options {
    /// Beginnings of URLs, such as "https://charts.example.com/stable" or
    /// "oci://registry.example.com". One matches itself and what lies below it: never another host
    /// or port, nor "/stable-2". None allows every source.
    std::vector<std::string> allowed_sources;
    /// Whether callers may send charts as bytes.
    bool allow_archives = true;
    /// Whether http:// may be used where https:// is meant; credentials then travel in the clear.
    bool allow_plain_http = false;
  };

  /// Errors: INVALID_ARGUMENT naming the source that is no URL.
  static absl::StatusOr<SourcePolicy> Create(const Options& options);

  /// Whether something may be fetched from `url` (https://, oci://, or http:// where allowed),
  /// whose query does not count. Errors: PERMISSION_DENIED (CHART_SOURCE_NOT_ALLOWED), with the
  /// URL's host and nothing else of it in the text; INVALID_ARGUMENT (INVALID_FIELD) if it is none.
  absl::Status CheckUrl(std::string_view url) const;

  /// Whether a chart may be sent as bytes. Errors: PERMISSION_DENIED (CHART_SOURCE_NOT_ALLOWED).
  absl::Status CheckArchives() const;

 private:
  SourcePolicy(const Options& options, std::vector<std::string> prefixes)
      : allow_archives_(options.allow_archives),
        allow_plain_http_(options.allow_plain_http),
        prefixes_(std::move(prefixes)) {}

  bool allow_archives_;
  bool allow_plain_http_;
  // Normalised, without a slash at the end.
  std::vector<std::string> prefixes_;
};

}  // namespace berth::helm
