#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace berth::http {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

/// The header lines of one request.
class HeaderList {
 public:
  /// "Name: value".
  void Add(const std::string& line) {
    lines_.reset(curl_slist_append(lines_.release(), line.c_str()));
  }
  /// For CURLOPT_HTTPHEADER, once all are added.
  curl_slist* get() const { return lines_.get(); }

 private:
  struct Deleter {
    void operator()(curl_slist* lines) const { curl_slist_free_all(lines); }
  };
  std::unique_ptr<curl_slist, Deleter> lines_;
};

/// A text for one of curl's options, which takes a copy.
inline curl_blob BlobOf(const std::string& text) {
  return {.data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_COPY};
}

/// What the server demands to know the client by; both texts are PEM.
inline void SetClientCertificate(CURL* easy, const std::string& certificate_pem,
                                 const std::string& key_pem) {
  curl_blob certificate = BlobOf(certificate_pem);
  curl_blob key = BlobOf(key_pem);
  curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
  curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
  curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
  curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
}

}  // namespace berth::http
