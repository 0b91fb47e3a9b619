// A thread with a stack of a chosen size, joined when it goes (std::thread has no say in the size).
#pragma once

#include <pthread.h>

#include <functional>
#include <new>
#include <utility>

namespace relureg {

class Worker {
  public:
    Worker(std::size_t stack, std::function<void()> body) : body_(std::move(body)) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, stack);
        const int failed = pthread_create(&thread_, &attributes, &Worker::run, this);
        pthread_attr_destroy(&attributes);
        if (failed) throw std::bad_alloc();  // no room for the stack
    }
    ~Worker() { pthread_join(thread_, nullptr); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

  private:
    static void* run(void* self) {
        static_cast<Worker*>(self)->body_();
        return nullptr;
    }

    std::function<void()> body_;
    pthread_t thread_;
};

}  // namespace relureg
