#pragma once

#include <string>
#include <vector>

namespace berth::helm {

/// A hook of a release, such as a Job to be run before an upgrade.
struct ReleaseHook {
  std::string name;
  std::string kind;
  /// The chart's template that it comes from.
  std::string path;
  /// What it is run for, in Helm's words: "pre-install", "test", ...
  std::vector<std::string> events;
  /// Its place among the hooks of one event: lower ones run first.
  int weight = 0;
  /// When Helm deletes it, in Helm's words: "hook-succeeded", ...
  std::vector<std::string> delete_policies;
  /// Its YAML. May hold secrets.
  std::string manifest;
  /// When it ran last, RFC 3339; empty for never.
  std::string started_at;
  /// When that ended, RFC 3339; empty if it has not.
  std::string completed_at;
  /// How that went, in Helm's words: "Running", "Succeeded", "Failed", "Unknown", or empty.
  std::string phase;
};

/// What a revision put into the cluster, as Helm rendered it. May hold secrets.
struct ReleaseContent {
  /// YAML documents, without the hooks.
  std::string manifest;
  std::vector<ReleaseHook> hooks;
};

}  // namespace berth::helm
