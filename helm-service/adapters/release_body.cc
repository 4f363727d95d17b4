#include "helm-service/adapters/release_body.h"

#include <zlib.h>

#include <array>
#include <istream>
#include <streambuf>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

using Json = nlohmann::ordered_json;

absl::Status NotARelease(std::string_view why) {
  return absl::DataLossError("not a release of Helm's: " + std::string(why));
}

// The gzip, or the bare JSON that old Helms wrote.
absl::StatusOr<std::string> Unwrap(std::string_view data) {
  std::string outer;
  std::string inner;
  if (!absl::Base64Unescape(std::string(data), &outer) || !absl::Base64Unescape(outer, &inner)) {
    return NotARelease("not base64 of base64");
  }
  return inner;
}

constexpr int kGzip = 16 + MAX_WBITS;

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b\x08"); }

// Unpacks gzip on demand; ends, as if at the end of the data, at damage and at the limit.
class InflatingBuffer final : public std::streambuf {
 public:
  InflatingBuffer(std::string_view packed, std::size_t limit) : limit_(limit) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    ready_ = ::inflateInit2(&stream_, kGzip) == Z_OK;
  }
  InflatingBuffer(const InflatingBuffer&) = delete;
  InflatingBuffer& operator=(const InflatingBuffer&) = delete;
  ~InflatingBuffer() override {
    if (ready_) ::inflateEnd(&stream_);
  }

 protected:
  int_type underflow() override {
    if (!ready_ || ended_ || stream_.total_out >= limit_) return traits_type::eof();
    stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_out = static_cast<uInt>(piece_.size());
    ended_ = ::inflate(&stream_, Z_NO_FLUSH) != Z_OK;
    const std::size_t size = piece_.size() - stream_.avail_out;
    if (size == 0) return traits_type::eof();
    setg(piece_.data(), piece_.data(), piece_.data() + size);
    return traits_type::to_int_type(piece_[0]);
  }

 private:
  const std::size_t limit_;
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
  std::array<char, 16'384> piece_;
};

// Takes what is wanted from the parser's events and ends parsing once it has all: `info` and
// `chart.metadata`.
class BodyReader final : public nlohmann::json_sax<Json> {
 public:
  bool complete() const { return has_info_ && has_metadata_; }
  ReleaseBody Take() { return std::move(body_); }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (std::string* target = Target()) *target = std::move(value);
    return true;
  }
  bool start_object(std::size_t) override {
    path_.emplace_back();
    return true;
  }
  bool key(string_t& key) override {
    path_.back() = std::move(key);
    return true;
  }
  bool end_object() override {
    path_.pop_back();
    if (path_.size() == 1 && path_[0] == "info") has_info_ = true;
    if (path_.size() == 2 && path_[0] == "chart" && path_[1] == "metadata") has_metadata_ = true;
    return !complete();
  }
  bool start_array(std::size_t) override {
    path_.emplace_back();
    return true;
  }
  bool end_array() override {
    path_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  std::string* Target() {
    if (path_.size() == 2 && path_[0] == "info") {
      if (path_[1] == "last_deployed") return &body_.last_deployed;
      if (path_[1] == "description") return &body_.description;
      if (path_[1] == "notes") return &body_.notes;
    }
    if (path_.size() == 3 && path_[0] == "chart" && path_[1] == "metadata") {
      if (path_[2] == "name") return &body_.chart_name;
      if (path_[2] == "version") return &body_.chart_version;
      if (path_[2] == "appVersion") return &body_.app_version;
    }
    return nullptr;
  }

  // The key in each object that is open, an empty one for each array.
  std::vector<std::string> path_;
  ReleaseBody body_;
  bool has_info_ = false;
  bool has_metadata_ = false;
};

absl::StatusOr<std::string> Deflate(const std::string& text) {
  z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return absl::ResourceExhaustedError("no memory to pack a release");
  }
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) return absl::InternalError("packing a release failed");
  return packed;
}

}  // namespace

absl::StatusOr<ReleaseBody> ReadReleaseBody(std::string_view data, std::size_t limit) {
  ASSIGN_OR_RETURN(const std::string bytes, Unwrap(data));
  BodyReader reader;
  if (IsGzip(bytes)) {
    InflatingBuffer buffer(bytes, limit);
    std::istream stream(&buffer);
    Json::sax_parse(stream, &reader);
  } else {
    Json::sax_parse(bytes, &reader);
  }
  if (!reader.complete()) return NotARelease("not JSON with info and chart.metadata");
  return reader.Take();
}

absl::StatusOr<std::string> WithStatus(std::string_view data, std::string_view status,
                                       std::string_view description) {
  ASSIGN_OR_RETURN(const std::string bytes, Unwrap(data));
  Json release;
  if (IsGzip(bytes)) {
    InflatingBuffer buffer(bytes, kLargestBody);
    std::istream stream(&buffer);
    release = Json::parse(stream, nullptr, /*allow_exceptions=*/false);
  } else {
    release = Json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  }
  if (!release.is_object() || !release.contains("info") || !release["info"].is_object()) {
    return NotARelease("not JSON with info");
  }
  release["info"]["status"] = status;
  release["info"]["description"] = description;
  std::string text = release.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (IsGzip(bytes)) {
    ASSIGN_OR_RETURN(text, Deflate(text));
  }
  return absl::Base64Escape(absl::Base64Escape(text));
}

}  // namespace berth::helm
