#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "helm-service/domain/http_fetcher.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/source_url.h"

namespace berth::helm {

enum class RepositoryType { kHttp, kOci };

/// What opens a repository.
struct RepositoryCredentials {
  HttpCredentials http;
  /// Show them to other servers too, where the index or a redirect points to them.
  bool pass_to_other_hosts = false;
};

/// Which kinds of credentials there are: all that anybody is told of them.
struct CredentialKinds {
  bool basic = false;
  bool bearer = false;
  bool client_certificate = false;
  bool certificate_authority = false;

  static CredentialKinds Of(const HttpCredentials& credentials);
};

/// What a replica found when it last read a repository's index.
struct RefreshState {
  /// Unset before the first attempt.
  std::optional<bool> ready;
  /// CamelCase.
  std::string reason;
  std::string message;
  /// Last success.
  std::optional<std::chrono::sys_time<std::chrono::microseconds>> time;
  std::string etag;
  std::int64_t charts = 0;
  std::int64_t versions = 0;
};

/// A repository of charts, as it is stored; its credentials are stored apart.
struct ChartRepository {
  RepositoryName name;
  std::string uid;
  std::int64_t generation = 0;
  SourceUrl url;
  /// Of the Secret with its credentials; empty if it needs none.
  std::string secret;
  bool pass_credentials = false;
  RefreshState state;

  RepositoryType type() const {
    return url.scheme() == "oci" ? RepositoryType::kOci : RepositoryType::kHttp;
  }
  /// Another one after every change of what is asked for, and for a repository made anew.
  std::string etag() const { return uid + "." + std::to_string(generation); }
};

/// The stored repositories, as they are used. Thread safe; every call asks the API server.
class ChartRepositoryStore {
 public:
  virtual ~ChartRepositoryStore() = default;

  /// Ordered by name; those that cannot be read, such as of a bad URL, are left out.
  virtual absl::StatusOr<std::vector<ChartRepository>> List() = 0;
  /// Errors: NOT_FOUND (CHART_REPOSITORY_NOT_FOUND), FAILED_PRECONDITION
  /// (CHART_SOURCE_UNAVAILABLE: its URL is none).
  virtual absl::StatusOr<ChartRepository> Get(const RepositoryName& name) = 0;
  /// Empty if it needs none. Errors: FAILED_PRECONDITION (CHART_SOURCE_DENIED: the Secret is not
  /// there or holds nothing of use).
  virtual absl::StatusOr<HttpCredentials> ReadCredentials(const ChartRepository& repository) = 0;
  /// Writes what was found, unless the repository has changed since: then it is dropped.
  virtual absl::Status WriteState(const ChartRepository& repository, const RefreshState& state) = 0;
};

/// What a change of a repository is made of; what is not set stays.
struct RepositoryChange {
  std::optional<SourceUrl> url;
  /// In place of all those before; with nothing in them: none from now on.
  std::optional<RepositoryCredentials> credentials;
  /// The repository must still have this etag; empty asks nothing.
  std::string etag;
};

/// Whether a change is carried out, or only checked.
enum class RepositoryEffect { kApply, kCheck };

/// The stored repositories, as they are changed. Thread safe.
class ChartRepositoryEditor {
 public:
  virtual ~ChartRepositoryEditor() = default;

  /// Errors: ALREADY_EXISTS (CHART_REPOSITORY_EXISTS).
  virtual absl::StatusOr<ChartRepository> Create(const RepositoryName& name, const SourceUrl& url,
                                                 const RepositoryCredentials& credentials,
                                                 RepositoryEffect effect) = 0;
  /// The credentials change with everything else in one write. Errors: NOT_FOUND
  /// (CHART_REPOSITORY_NOT_FOUND), ABORTED (CHART_REPOSITORY_CHANGED).
  virtual absl::StatusOr<ChartRepository> Update(const RepositoryName& name,
                                                 const RepositoryChange& change,
                                                 RepositoryEffect effect) = 0;
  /// Its credentials go with it. Errors: as Update.
  virtual absl::Status Delete(const RepositoryName& name, const std::string& etag,
                              RepositoryEffect effect) = 0;
};

}  // namespace berth::helm
