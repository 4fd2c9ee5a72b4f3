// rustc example.rs -L . -l torchdet -o example && ./example /path/to/environment/bin/python
use std::ffi::{c_char, c_int, CString};

extern "C" {
    fn torchdet_open(python: *const c_char) -> c_int;
    fn simple_torch_tensor_ones(dims: *const i64, ndims: i32) -> i64;
    fn simple_torch_tensor_add(left: i64, right: i64) -> i64;
    fn simple_torch_tensor_data(handle: i64, out: *mut f32, capacity: i64) -> i64;
}

fn doubled_ones() -> Vec<f32> {
    let dims = [3i64];
    let mut out = vec![0f32; 3];
    unsafe {
        let ones = simple_torch_tensor_ones(dims.as_ptr(), 1);
        let sum = simple_torch_tensor_add(ones, ones);
        assert_eq!(simple_torch_tensor_data(sum, out.as_mut_ptr(), 3), 3);
    }
    out
}

fn main() {
    let python = CString::new(std::env::args().nth(1).expect("the Python to use")).unwrap();
    assert_eq!(unsafe { torchdet_open(python.as_ptr()) }, 0);
    // Any thread may call.
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(doubled_ones)).collect();
    for thread in threads {
        println!("{:?}", thread.join().unwrap());
    }
}
